# Everything a fresh clone needs is python3 (3.11 or newer), git and make.
#
#   make run      the whole server; PORT, MEMSYNC_HOST and MEMSYNC_DATA_DIR are honored
#   make test     all tests
#   make check    style, types, import rules, templates, migrations, deployment, OpenAPI document
#   make openapi  write docs/openapi.yml anew
#
# Paths are relative and scripts are run as modules: a clone may sit below a folder with a space.

PYTHON := .venv/bin/python
PIP := $(PYTHON) -m pip -qq --disable-pip-version-check
export PIP_ROOT_USER_ACTION := ignore

.PHONY: run test check openapi browser
.DEFAULT_GOAL := run

run: .venv/run.stamp
	@exec $(PYTHON) manage.py serve

test: .venv/dev.stamp browser
	@$(PYTHON) -m pytest

check: .venv/dev.stamp
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m mypy
	@$(PYTHON) -c "from importlinter.cli import lint_imports_command; lint_imports_command()"
	@find . -name .venv -prune -o -path '*/templates/*.html' -print0 | xargs -0 -r .venv/bin/djade --check
	@$(PYTHON) manage.py makemigrations --check --dry-run
	@$(production) $(PYTHON) manage.py check --deploy --fail-level WARNING
	@$(spectacular) --file .venv/openapi.yml
	@diff -u docs/openapi.yml .venv/openapi.yml || { echo "docs/openapi.yml is stale: run make openapi"; exit 1; }

openapi: .venv/dev.stamp
	@$(spectacular) --file docs/openapi.yml

# Secrets made for one check, so that the settings of a real installation are what is checked.
secret = $$($(PYTHON) -c "import secrets; print(secrets.token_urlsafe(48))")
production = MEMSYNC_ENV=production MEMSYNC_SECRET_KEY="$(secret)" \
	MEMSYNC_JWT_KEYS="1:$(secret)" MEMSYNC_PEPPERS="1:$(secret)"
spectacular = $(PYTHON) manage.py spectacular --fail-on-warn --validate

.venv/run.stamp: requirements.txt
	@echo "Installing the requirements…"
	@python3 -m venv .venv
	@$(PIP) install -r requirements.txt
	@touch $@

.venv/dev.stamp: requirements-dev.txt .venv/run.stamp
	@$(PIP) install -r requirements-dev.txt
	@touch $@

# The page tests drive Debian's Chromium. Without it they are skipped, but never in CI.
browser:
	@command -v chromium > /dev/null || \
	if [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; then \
		echo "Installing chromium for the page tests…"; \
		apt-get -qq update && DEBIAN_FRONTEND=noninteractive \
			apt-get -qq install -y --no-install-recommends chromium > /dev/null; \
	elif [ "$$CI" = true ]; then echo "CI needs chromium for the page tests."; exit 1; \
	else echo "No chromium: the page tests are skipped."; fi
