"""The staff site."""

from django.contrib.admin import AdminSite


class MemsyncAdminSite(AdminSite):
    """Django's admin with our titles and our way of signing in."""

    site_header = "MemSync"
    site_title = "MemSync admin"
    index_title = "What is stored"
