from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """People and keys."""

    name = "accounts"
    verbose_name = "People and keys"
