"""What every request passes through, outermost first, as the literal list in routes has it. Pure ASGI."""
