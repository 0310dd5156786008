"""Forms by which people and staff correct memories and settle uncertainties."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from django import forms
from django.core.exceptions import PermissionDenied

from memories.forgetting import ERASE, RETRACT
from memories.models import MAX_VALUE, Memory
from memories.uncertainties import Option
from memsync.common.errors import Forbidden, Problem
from memsync.common.privacy import strip_private

DISMISS, OTHER = "dismiss", "other"
IN_WORDS = {
    "memory_not_live": "It changed while you were looking, and is no longer remembered.",
    "authoritative": "It comes from a curated document. Those who look after it can change it.",
}
"""What a service refuses, as people read it; by code."""

T = TypeVar("T")


class ValueField(forms.CharField):
    """A value by hand, without its private parts; what is left must say something."""

    def clean(self, value: Any) -> Any:
        """Without `<private>` blocks."""
        said = super().clean(value)
        stripped = strip_private(said).strip()
        if said and not stripped:
            raise forms.ValidationError("Nothing is left of it outside <private>.")
        return stripped


class CorrectForm(forms.Form):
    """The value that holds."""

    value = ValueField(
        label="What is right",
        max_length=MAX_VALUE,
        widget=forms.Textarea(attrs={"rows": 2, "autofocus": True}),
        error_messages={"required": "Write what is right."},
    )

    def __init__(self, memory: Memory, data: Any = None) -> None:
        super().__init__(data, initial={"value": memory.value})
        self.memory = memory

    def clean_value(self) -> str:
        """Something else than what is remembered."""
        value: str = self.cleaned_data["value"]
        if value == self.memory.value:
            raise forms.ValidationError("That is what is remembered already.")
        return value


class ForgetForm(forms.Form):
    """How much of it goes."""

    mode = forms.ChoiceField(
        choices=[(RETRACT, "Take it back"), (ERASE, "Erase the words")],
        widget=forms.RadioSelect,
        initial=RETRACT,
        error_messages={"required": "Choose how much is to go."},
    )

    def __init__(self, data: Any = None, *, is_live: bool) -> None:
        super().__init__(data)
        if not is_live:  # what has ended cannot be taken back any more
            mode: Any = self.fields["mode"]
            mode.choices, mode.initial = mode.choices[1:], ERASE


class SettleForm(forms.Form):
    """One of the values in question, another one, or none: then what stands goes on standing."""

    choice = forms.ChoiceField(
        label="What is right",
        widget=forms.RadioSelect,
        error_messages={
            "required": "Choose one of these.",
            "invalid_choice": "That is no longer in question. Look again.",
        },
    )
    other = ValueField(
        label="Something else",
        max_length=MAX_VALUE,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, options: Sequence[Option], data: Any = None, prefix: str = "") -> None:
        super().__init__(data, prefix=prefix or None)
        self.options = options
        choice: Any = self.fields["choice"]
        choice.choices = [
            *[(str(option.id), _in_words(option)) for option in options],
            (OTHER, "Something else, written below"),
            (DISMISS, "Neither matters: leave everything as it is"),
        ]

    @property
    def is_curated(self) -> bool:
        """Whether the value that holds now is of a curated document."""
        return any(option.is_live and option.is_curated for option in self.options)

    def clean(self) -> dict[str, Any]:
        """Something else has to be said."""
        cleaned: dict[str, Any] = self.cleaned_data
        if cleaned.get("choice") == OTHER and not (cleaned.get("other") or self.errors):
            self.add_error("other", "Write what is right.")
        return cleaned

    @property
    def value(self) -> str | None:
        """The value that holds; None to dismiss the question."""
        choice = self.cleaned_data["choice"]
        if choice == DISMISS:
            return None
        if choice == OTHER:
            return str(self.cleaned_data["other"])
        return next(option.value for option in self.options if str(option.id) == choice)


class DismissForm(forms.Form):
    """An uncertainty without values to choose from can only be dismissed."""

    value = None


def attempt(form: forms.Form, act: Callable[[], T]) -> T | None:
    """Do it if the form was sent and is valid; None, with the reason in the form, if it was not.

    Raises PermissionDenied when the service forbids it.
    """
    if not form.is_valid():
        return None
    try:
        return act()
    except Forbidden as problem:
        raise PermissionDenied from problem
    except Problem as problem:
        form.add_error(None, in_words(problem))
        return None


def in_words(problem: Problem) -> str:
    """Why a service refused, for people."""
    return IN_WORDS.get(problem.code, problem.detail)


def _in_words(option: Option) -> str:
    state = "holds now" if option.is_live else "said, not accepted yet"
    return f"{option.value} ({state}{', curated' if option.is_curated else ''})"
