"""The passages that the contract is tried with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from knowledge.stores.port import ListedStore
from tests.kit.store_toys import passage, toward

Opener = Callable[[], Awaitable[ListedStore]]
TRAVEL = passage("Book trains at the travel desk.", toward(travel=1), position=0)
PAY = passage("Salaries arrive on the 25th.", toward(pay=1), position=1)
LAPTOP = passage("Ask IT for a replacement laptop.", toward(laptop=1), position=2)
GUIDE = [TRAVEL, PAY, LAPTOP]
