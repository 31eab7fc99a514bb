"""The words of arq's that tasks raise and clients catch, as arq itself has them. The only door to them."""

from arq.worker import JobExecutionFailed, Retry, RetryJob

__all__ = ["JobExecutionFailed", "Retry", "RetryJob"]
