"""Signing in and out, and profiles."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Annotated

import typer

from memsync_client.cli import output, profiles
from memsync_client.cli.access import Access, device, signed_in
from memsync_client.cli.options import Json, access
from memsync_client.cli.profiles import Profile
from memsync_client.errors import InvalidValue, Unauthenticated
from memsync_client.models import Me

app = typer.Typer()
profiles_app = typer.Typer(no_args_is_help=True, help="Profiles: several servers or people.")


@app.command()
def login(
    ctx: typer.Context,
    email: Annotated[str | None, typer.Option(help="Sign in as a person.")] = None,
    key: Annotated[bool, typer.Option("--key", help="Use an API key instead.")] = False,
    password_stdin: Annotated[
        bool, typer.Option("--stdin", help="Read the password or key from standard input.")
    ] = False,
) -> None:
    """Sign in, and keep it in a profile that only you can read."""
    asked = access(ctx)
    if key and email:
        raise InvalidValue("Give --email or --key, not both.")
    known = asked.server(_usable(asked.name))
    server = Profile(url=known.url, context=known.context)
    if key:
        made = replace(server, api_key=_secret("API key", password_stdin))
    else:
        who = email or typer.prompt("E-mail")
        made = _sign_in(asked, server, who, _secret("Password", password_stdin))
    me = Access.client(asked, made).auth.me()
    profiles.save(asked.name, made)
    if not _usable(profiles.current()):
        profiles.choose(asked.name)
    output.line(f"Profile {asked.name}: {_who(me)} at {made.url}")


@app.command()
def logout(ctx: typer.Context) -> None:
    """End the sign-in on the server and forget the profile."""
    asked = access(ctx)
    with profiles.locked(asked.name) as profile:
        if profile is None:
            raise InvalidValue(f"There is no profile {asked.name}.")
        try:
            if profile.refresh:
                asked.client(replace(profile, access="")).auth.logout(profile.refresh)
        except Unauthenticated:
            pass  # it had ended already
        profiles.remove(asked.name)
    output.line(f"Profile {asked.name} is gone.")


@app.command()
def whoami(ctx: typer.Context, as_json: Json = False) -> None:
    """Show who you are to the server."""
    me = access(ctx).run(lambda client: client.auth.me())
    output.show(me, as_json, lambda found: output.fields(found, list(found)))


@profiles_app.command("list")
def list_profiles(as_json: Json = False) -> None:
    """List the profiles; the current one is marked."""
    now = profiles.current()
    found = [(name, profiles.load(name)) for name in profiles.names()]
    rows = [(name, profile) for name, profile in found if profile]
    shown = [
        {"name": name, "url": p.url, "context": p.context, "as": p.kind, "current": name == now}
        for name, p in rows
    ]
    output.show(
        {"data": shown},
        as_json,
        lambda _: output.table(
            shown,
            ("", lambda row: "*" if row["current"] else ""),
            ("NAME", lambda row: row["name"]),
            ("SERVER", lambda row: row["url"]),
            ("CONTEXT", lambda row: row["context"]),
            ("AS", lambda row: row["as"]),
            empty="No profiles: memsync login makes one.",
        ),
    )


@profiles_app.command("use")
def use_profile(name: Annotated[str, typer.Argument()]) -> None:
    """Use a profile from now on."""
    if profiles.load(name) is None:
        raise InvalidValue(f"There is no profile {name}.")
    profiles.choose(name)


def _usable(name: str) -> Profile | None:
    """A profile; None also for a broken one, which signing in replaces."""
    try:
        return profiles.load(name)
    except InvalidValue:
        return None


def _sign_in(asked: Access, server: Profile, email: str, password: str) -> Profile:
    with asked.client(server) as client:
        pair = client.auth.login(
            email=email, password=password, session_type="cli", device=device()
        )
    return signed_in(replace(server, email=email), pair)


def _secret(name: str, from_stdin: bool) -> str:
    text = sys.stdin.readline().strip() if from_stdin else typer.prompt(name, hide_input=True)
    if not text:
        raise InvalidValue(f"The {name.lower()} is empty.")
    return str(text)


def _who(me: Me) -> str:
    return f"{me.kind} {me.id} ({me.role}) of {me.tenant}"
