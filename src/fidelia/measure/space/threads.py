"""Blocks of rows shared out among threads, each matrix product in one thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from typing import Any


def share_out(work: Callable[[list[slice]], None], blocks: list[slice]) -> None:
    """Call `work` with a part of the blocks in each of as many threads as matrix products may use.

    A block is worked on by one thread whatever their number, so that this number changes no result.
    """
    products = _products()
    allowed = max([1, *(library["num_threads"] for library in products.info())])
    threads = min(allowed, len(blocks))
    with products.limit(limits=1):
        if threads <= 1:
            work(blocks)
            return
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(work, [blocks[i::threads] for i in range(threads)]))


@cache
def _products() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")


def one_thread() -> AbstractContextManager[Any]:
    """Return a context in which products of matrices use one thread.

    Many small products on two threads wait longer for each other than they take, ten times so on a busy machine.
    """
    from threadpoolctl import threadpool_limits

    limited: AbstractContextManager[Any] = threadpool_limits(1)
    return limited


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """Let torch use one thread: its sums then have one order, so that the same seed gives the same bytes."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
