"""The WSGI entry point of the web process."""

import os
from threading import Thread

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "memsync.settings")
os.environ.setdefault("MEMSYNC_PROCESS", "web")

from django.core.wsgi import get_wsgi_application


def load_model() -> None:
    """Have the embedding model ready before the first question."""
    from memories import embeddings

    embeddings.configured()


application = get_wsgi_application()
Thread(target=load_model, name="embeddings", daemon=True).start()
