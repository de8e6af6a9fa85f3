# Aliases of dev.py, which needs nothing but Python.
.PHONY: up test check bench kill container lock
up test check bench kill container lock:
	python3 dev.py $@
