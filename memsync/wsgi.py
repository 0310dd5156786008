"""The WSGI entry point of the web process."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "memsync.settings")
os.environ.setdefault("MEMSYNC_PROCESS", "web")

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
