"""Finding what a command line names."""

from django.core.management.base import CommandError

from accounts.models import Project, Tenant


def tenant_by_slug(slug: str) -> Tenant:
    """The tenant, or an error for the person at the terminal."""
    tenant = Tenant.objects.filter(slug=slug).first()
    if tenant is None:
        raise CommandError(f"there is no tenant {slug}")
    return tenant


def project_by_slug(tenant: str, slug: str) -> Project:
    """The project of that tenant, or an error."""
    project = Project.objects.filter(tenant=tenant_by_slug(tenant), slug=slug).first()
    if project is None:
        raise CommandError(f"the tenant {tenant} has no project {slug}")
    return project
