"""`python -m memsync_client`."""

from memsync_client.cli import main

if __name__ == "__main__":
    main()
