"""A hasher that counts, for a test that compares what two refusals cost."""

from django.contrib.auth.hashers import MD5PasswordHasher

hashed: list[str] = []


class CountingHasher(MD5PasswordHasher):
    """Counts each time that it hashes."""

    algorithm = "counting"

    def encode(self, password: str, salt: str) -> str:
        """Hash, and count."""
        hashed.append(self.algorithm)
        return super().encode(password, salt)


class OlderHasher(CountingHasher):
    """What was used before."""

    algorithm = "older"
