# For fingers that type "make": each target is the ./dev command of that name.
.PHONY: help run demo test lint bench soak lock
help run demo test lint bench soak lock:
	@./dev $@
.DEFAULT_GOAL := help
