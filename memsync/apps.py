from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class MemsyncConfig(AppConfig):
    """The project: its commands and checks."""

    name = "memsync"

    def ready(self) -> None:
        """Register the system checks."""
        from memsync import checks  # noqa: F401


class MemsyncAdminConfig(AdminConfig):
    """Django's admin under our site class."""

    default_site = "memsync.admin_site.MemsyncAdminSite"
