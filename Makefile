# The house's commands; `make help` lists them. Python 3.11 or 3.12 and make are all that a fresh machine needs.

PYTHON ?= python3
# Which PyTorch: the pinned plain install. Another build or index: make setup TORCH="torch==2.13.0 --index-url URL"
TORCH ?= torch==2.13.0
UV = uv==0.13.9

BIN = .venv/bin
READY = .venv/.ready
TYPESCRIPT = clients/typescript
# What torch's own build brings along is its business, not the lock's.
NOT_LOCKED = $(addprefix --no-emit-package ,torch triton cuda-bindings cuda-pathfinder cuda-toolkit \
	nvidia-cublas nvidia-cuda-cccl nvidia-cuda-cupti nvidia-cuda-nvrtc nvidia-cuda-runtime nvidia-cudnn-cu13 \
	nvidia-cufft nvidia-cufile nvidia-curand nvidia-cusolver nvidia-cusparse nvidia-cusparselt-cu13 nvidia-nccl-cu13 \
	nvidia-nvjitlink nvidia-nvshmem-cu13 nvidia-nvtx)
COMPILE_LIBROSA = import numpy; from mmgt_core.audio.baseline import baseline_features; \
	baseline_features(numpy.random.default_rng(0).standard_normal(16000, 'f') / 9, 16000)
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate

.DEFAULT_GOAL := help
.PHONY: help setup studio demo test lint types format lock clients typescript load fault demo-weights full-size \
	gpu-check-prepare gpu-check gpu-check-rehearse image clean

help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: $(READY) studio ## Install everything into .venv (PyTorch, the locked libraries, the `mmgt` command); build the page at /

$(READY): pyproject.toml requirements.lock
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(UV) $(TORCH)
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --require-hashes -r requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q -j 0 .venv/lib >/dev/null 2>&1 || true # else each start compiles anew where nothing may be written
	@$(BIN)/python -c "$(COMPILE_LIBROSA)" # once and alone: processes that compile at the same time spoil numba's cache
	@touch $@

STUDIO = api/studio
STUDIO_SOURCES = $(shell find $(STUDIO)/source -type f) $(addprefix $(STUDIO)/,build.mjs package-lock.json tsconfig.json)
STUDIO_PAGE = $(STUDIO)/built/index.html
NO_NODE = echo "no Node 20: the studio at / is left out (its wheel and image have it); all else works"
SCHEMA = import json, sys; from api.app import create_app; json.dump(create_app().openapi(), sys.stdout)
studio: $(STUDIO_PAGE) ## Build the page at / (by Node 20, where there is one)

$(STUDIO)/node_modules/.package-lock.json: $(STUDIO)/package-lock.json
	@if command -v npm >/dev/null; then cd $(STUDIO) && npm ci --silent && touch node_modules/.package-lock.json; \
		else $(NO_NODE); fi

$(STUDIO_PAGE): $(STUDIO)/node_modules/.package-lock.json $(STUDIO_SOURCES)
	@mkdir -p $(STUDIO)/built
	@if command -v npm >/dev/null; then cd $(STUDIO) && npm run --silent build; fi

demo: setup ## Make out/demo.mp4 from a sample presenter and a sentence, through a service of its own
	@$(BIN)/mmgt submit --start out/demo-service --image samples/presenters/man.png --audio samples/presenters/man.wav \
		--field model=mmgt-demo --field seed=42 --save pose,masks,manifest --out out/demo.mp4

test: setup typescript lint types ## Everything that CI checks: style, types, import rules, tests
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder --max-worker-restart 1

N ?= 20
fault: setup ## The fault table at length: make fault N=20
	$(BIN)/python -m pytest tests/fault --fault-count $(N)

lint: setup ## ruff and the import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: setup studio ## mypy, strict; and the studio's TypeScript against our own schema
	$(BIN)/mypy
	$(BIN)/python -c "$(SCHEMA)" > $(STUDIO)/built/openapi.json
	@if command -v npm >/dev/null; then cd $(STUDIO) && npm run --silent schema >/dev/null && npm run --silent check; \
		else $(NO_NODE); fi

format: setup ## Let ruff put the files in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: ## Resolve pyproject.toml anew into requirements.lock
	$(COMPILE) --extra development $(NOT_LOCKED) pyproject.toml --output-file requirements.lock
	$(COMPILE) --extra image $(NOT_LOCKED) pyproject.toml --constraint requirements.lock \
		--output-file deploy/requirements.lock
	echo "mediapipe==0.10.21" | $(COMPILE) --no-deps - | tee -a deploy/requirements.lock >> requirements.lock
	echo "openapi-python-client==0.29.1" | $(COMPILE) --no-deps - >> requirements.lock

clients: setup typescript ## Write the clients' types anew from our OpenAPI; tests fail where they differ
	$(BIN)/python -m deploy.client_types
	cd $(TYPESCRIPT) && npm --silent run types

typescript: $(if $(shell command -v npm),$(TYPESCRIPT)/node_modules/.package-lock.json) # nothing where no Node is

$(TYPESCRIPT)/node_modules/.package-lock.json: $(TYPESCRIPT)/package-lock.json
	cd $(TYPESCRIPT) && npm ci --no-audit --no-fund --silent
	@touch $@

docs: setup ## Build the documentation's site into out/docs
	$(BIN)/python -m sphinx --fail-on-warning --keep-going -q -b html docs out/docs

load: setup ## Measure a running service under load; prints JSON
	@$(BIN)/python -m tests.load.service_load

demo-weights: setup ## Train mmgt-demo from an empty folder; hours on two cores, goes on where it stopped
	OMP_NUM_THREADS=1 $(BIN)/python -m mmgt_core.training.demo out/demo-weights

full-size: setup ## Convert and load a random full-size checkpoint, run one step of one window (20 GB of disk, minutes)
	$(BIN)/python -m mmgt_core.bench.full_size out/full-size

GPU_CHECK = out/gpu-check
MEASURE = 8713862# the published arithmetic, run eagerly: what the GPU check compares with
gpu-check-prepare: setup ## Collect in out/gpu-check.tgz what `make gpu-check` needs on a machine without a network
	rm -rf $(GPU_CHECK)
	mkdir -p $(GPU_CHECK)/baseline $(GPU_CHECK)/wheels
	git archive $(MEASURE) mmgt_core | tar -x -C $(GPU_CHECK)/baseline --exclude='*.safetensors'
	cp -r mmgt_core/warm_up $(GPU_CHECK)/baseline/mmgt_core/
	cp mmgt_core/bench/published.py $(GPU_CHECK)/baseline/mmgt_core/bench/
	$(BIN)/python -m pip download --quiet --no-deps --only-binary=:all: --dest $(GPU_CHECK)/wheels \
		"$$($(BIN)/python -m pip freeze | grep ^diffusers==)"
	$(BIN)/python -m zipfile -e $(GPU_CHECK)/wheels/*.whl $(GPU_CHECK)/site
	rm -r $(GPU_CHECK)/wheels $(GPU_CHECK)/site/diffusers/pipelines/*/ $(GPU_CHECK)/site/diffusers/modular_pipelines/*/
	find out/gpu-check -name __pycache__ -prune -exec rm -r {} +
	tar -czf $(GPU_CHECK).tgz -C out gpu-check

gpu-check: ## On a GPU machine with Python 3.12 and PyTorch: parity, speed, memory; writes out/gpu-check/report.md
	test -d $(GPU_CHECK) || tar -xzf $(GPU_CHECK).tgz -C out
	PYTHONPATH=$(GPU_CHECK)/site $(PYTHON) -m mmgt_core.bench.gpu_check $(GPU_CHECK) $(GPU_CHECK)

gpu-check-rehearse: setup ## The same on this CPU with the small preset
	test -d $(GPU_CHECK)/baseline || $(MAKE) gpu-check-prepare
	PYTHONPATH=$(GPU_CHECK)/site $(BIN)/python -m mmgt_core.bench.gpu_check $(GPU_CHECK) $(GPU_CHECK) --rehearse

image: setup ## Build the service's image with buildah over a debootstrap base and start its entry points (as root)
	@TORCH="$(TORCH)" deploy/image.sh

clean: ## Remove what was made
	rm -rf out .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
