# Two commands do everything: `make run` and `make test`. Both install what they need.
PYTHON ?= python3
VENV ?= .venv
PY = $(VENV)/bin/python

.PHONY: train-mrz train-locator train-comparison train-finger import-pad run test test-full image image-test image-lock guest-test ota-e2e hw-test lint types bench bench-vision evaluate fuzz lock setup setup-test setup-full setup-training clean

run: setup
	$(PY) -m practice $(ARGS)

# Most tests wait more than they work, so several files run at once. Journeys and chaos do not like that: one runs after
# the other, with the power cuts of an emulated board beside them, which take what they leave of the processors.
LAST = tests/journeys tests/chaos tests/image_guest/test_power_cuts.py
AT_ONCE = -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(LAST:%=--ignore=%)
AT_LAST = -n 2 --dist loadgroup --no-loadscope-reorder $(LAST)
# A machine that four workers share is now and then too slow for a test that waits for a device. What fails beside others
# is run once more by itself; both outcomes are told, and the second counts. The fifth that fails again ends it.
AGAIN = --last-failed --last-failed-no-failures none --maxfail 5
WORKERS ?= 4

# ROOM=tests/border: the tests of one part.
test: setup-test lint types
ifdef ROOM
	$(PY) -m pytest $(ROOM) $(ARGS)
else
	$(PY) -m pytest $(AT_ONCE) $(ARGS) || $(PY) -m pytest $(AGAIN) $(ARGS)
	$(PY) -m pytest $(AT_LAST) $(ARGS) || $(PY) -m pytest $(AGAIN) $(ARGS)
endif

# What takes minutes too, with the lane board's firmware on an emulated RP2040 (as root, mmdebstrap: built once, 15 minutes).
test-full: export LANDFALL_CUTS ?= 100
test-full: setup-full lint types
	-$(PY) -m scripts.rp2040
	$(PY) -m pytest $(AT_ONCE) -m "not bench" $(ARGS) || $(PY) -m pytest $(AGAIN) -m "not bench" $(ARGS)
	$(PY) -m pytest $(AT_LAST) -m "not bench" $(ARGS) || $(PY) -m pytest $(AGAIN) -m "not bench" $(ARGS)

# The technician's suite on a simulated kiosk, with each fault injected alone. On real devices, with you as the hands:
# make hw-test BENCH=bench.toml (hw_tests/bench.py tells its form). A whole board: python -m hw_tests --help.
hw-test: setup-test
ifdef BENCH
	LANDFALL_BENCH=$(BENCH) $(PY) -m pytest -m bench -p no:xdist hw_tests $(ARGS)
else
	$(PY) -m pytest -n $(WORKERS) --dist loadfile tests/hw_tests $(ARGS)
endif

# Real kernel devices in a guest: Debian's kernel under qemu, this machine's own files as its root.
guest-test: setup-full
	$(PY) -m pytest -m "not bench" tests/guest $(ARGS)

# Updates of the operating system on an emulated board, as root: CUTS power cuts at random points, 0 bricks.
CUTS ?= 10
ota-e2e: setup-full
	LANDFALL_CUTS=$(CUTS) $(PY) -m pytest -m "not bench" tests/image_guest $(ARGS)

bench: setup-test
	$(PY) -m bench $(ARGS)

# The figures of the eyes alone, each beside its peer.
bench-vision: setup-test
	$(PY) -m bench --vision $(ARGS)

# Error rates on your own pictures: make evaluate ARGS="FOLDER ..."; without a folder on data made here.
evaluate: setup-test
	$(PY) -m evaluation $(ARGS)

# Coverage-guided, half a minute for each harness: make fuzz ARGS="--seconds 600 mrz"
fuzz: setup-test
	$(PY) -m tests.fuzz.run $(ARGS)

lint:
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .

types:
	$(PY) -m mypy

setup:
	@PYTHON=$(PYTHON) VENV=$(VENV) scripts/setup.sh run

setup-test:
	@PYTHON=$(PYTHON) VENV=$(VENV) scripts/setup.sh test

# And what builds libcamera and runs a guest.
setup-full:
	@PYTHON=$(PYTHON) VENV=$(VENV) scripts/setup.sh full

# The device's image: a disk, its slots and its bill of materials, in artefacts/image (as root; docs/image.md). Files of
# headquarters come with ARGS="--with FOLDER".
image: setup-full
	nice -n 10 $(PY) -m provisioning.image build $(ARGS)

# And then starts it on an emulated board: units, scores, firewall, read-only root, encrypted data, the page; says how long.
image-test: image
	$(PY) -m pytest -m "not bench" tests/image -s

# Debian's packages anew, as the archive has them today.
image-lock: setup-full
	$(PY) -m provisioning.image lock

# What the trainings need, in an environment of their own.
setup-training:
	$(PYTHON) -m venv .venv-training
	.venv-training/bin/python -m pip install -q --require-hashes -r requirements/training.txt

# The line net again, from lines we print ourselves; on a processor, within the hour.
train-mrz: setup-training
	.venv-training/bin/python -m training.mrz $(ARGS)

# The network that compares faces: dlib's published weights, converted; needs libdlib-dev and a C++ compiler.
train-comparison: setup-training
	.venv-training/bin/python -m training.face_comparison $(ARGS)

# The page locator again, from documents we draw ourselves; on a processor, within the hour. Before train-mrz, whose
# figures of whole pages are those of both nets.
train-locator: setup-training
	.venv-training/bin/python -m training.locator $(ARGS)

# The finger net again, from prints we draw ourselves; on a processor, in minutes. LANDFALL_NFIQ2=<folder> measures more.
train-finger: setup-training
	.venv-training/bin/python -m training.finger $(ARGS)

# The published passive models to a signed bundle: make import-pad ARGS="WEIGHTS --key KEY --bundle FOLDER"
import-pad: setup setup-training
	$(PY) -m training.passive_pad import --torch .venv-training/bin/python $(ARGS)

# Renew the locks after editing requirements/*.in (needs uv).
lock:
	for f in base provisioning dev training bench-mediapipe bench-mrz bench-fingerprint picamera; do uv pip compile -q --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-annotate --no-header requirements/$$f.in -o requirements/$$f.txt; done

clean:
	rm -rf $(VENV) .cache .run
