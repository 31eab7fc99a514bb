# For fingers that type "make": each target is the ./dev command of that name.
.PHONY: help run demo test lint bench soak openapi lock
help run demo test lint bench soak openapi lock:
	@./dev $@
.DEFAULT_GOAL := help
