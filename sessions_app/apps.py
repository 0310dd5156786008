from django.apps import AppConfig


class SessionsAppConfig(AppConfig):
    """Signed-in devices."""

    name = "sessions_app"
    verbose_name = "Signed-in devices"

    def ready(self) -> None:
        """Signing in notes the last login itself, within the person's tenant."""
        from django.contrib.auth.signals import user_logged_in

        user_logged_in.disconnect(dispatch_uid="update_last_login")
