# takt: `make help` lists what there is. Every target sets up what it needs first.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

ENV := source scripts/env.sh &&
PACKAGES := $(notdir $(wildcard src/takt_*))
# CMake packages bind or generate their Python; coverage counts the written Python.
COVERED := $(foreach package,$(PACKAGES),$(if $(wildcard src/$(package)/$(package)/__init__.py),--cov=$(package)))
ARGS ?=

.PHONY: help setup demo test lint bench train clean distclean

help:  ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 12

setup:  ## Debian packages, .venv with pinned wheels, colcon build
	@scripts/setup

demo: setup  ## ten recorded peg insertions in simulation; ARGS="--episodes 2"
	@$(ENV) takt demo $(ARGS)

test: setup  ## all tests with coverage; ARGS="-k geometry"
	@$(ENV) python -m pytest $(COVERED) --cov-report=term:skip-covered $(ARGS)

lint: setup  ## ruff, mypy, import-linter, shellcheck
	@$(ENV) scripts/lint

bench: setup  ## speed of the loop, the image hop, chunks and recording
	@$(ENV) python -m takt_bringup.bench $(ARGS)

train: setup  ## reproduce the reference policy from its seed (installs PyTorch)
	@$(ENV) scripts/setup-train && python -m takt_training $(ARGS)

clean:  ## remove the build and what runs have made; keep .venv
	rm -rf build install log out .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage*
	find src tests scripts -name __pycache__ -type d -prune -exec rm -rf {} +
	find src -name '*.egg-info' -type d -prune -exec rm -rf {} +

distclean: clean  ## remove .venv, too
	rm -rf .venv
