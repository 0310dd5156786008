"""The schema says what routes answer."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from django.test import Client

from tests.factories import Api

Operations = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def operations() -> Operations:
    """Every operation by `METHOD path`."""
    schema = yaml.safe_load(Client().get("/api/schema/").content)
    return {
        f"{method.upper()} {path}": operation
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    }


def contents(operation: dict[str, Any], status: str) -> dict[str, str]:
    """The schema's name by media type."""
    found = operation["responses"][status].get("content", {})
    return {
        media_type: content["schema"].get("$ref", content["schema"].get("type")).split("/")[-1]
        for media_type, content in found.items()
    }


def test_a_list_is_an_object_with_a_page_of_rows(operations: Operations):
    answers = {
        name: contents(operation, "200")
        for name, operation in operations.items()
        if "200" in operation["responses"]
    }

    assert [name for name, content in answers.items() if "array" in content.values()] == []
    assert answers["GET /api/v1/{ctx}/keys"] == {"application/json": "KeyList"}
    assert answers["GET /v1/conversations/{conversation_id}/items"] == {
        "application/json": "ItemList"
    }


def test_errors_are_problems_but_below_v1(operations: Operations):
    for name, operation in operations.items():
        expected = {"application/problem+json": "Problem"}
        if " /v1/" in name:
            expected = {"application/json": "OpenAIProblem"}
        assert contents(operation, "default") == expected, name


def test_creating_in_the_form_of_openai_and_asking_is_a_200(operations: Operations, api: Api):
    question = {"query": "Rome"}
    calls = {
        "POST /v1/conversations": api.call("POST", "/v1/conversations", {}),
        "POST /memory/query": api.call("POST", "/memory/query", question),
        "POST /api/v1/{ctx}/query": api.post("/query", question),
    }
    for name, answer in calls.items():
        documented = operations[name]["responses"]
        assert {str(answer.status)} == documented.keys() - {"default"} == {"200"}, name
