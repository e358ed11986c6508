"""Collectors that submit as fast as they can and keep every receipt they get."""

import threading
import time

import hallmark
import wire
from hallmark import APP, EVIL


class Load:
    """One thread for each connection; each has one bundle under way at a time."""

    def __init__(self, site, connections=4, workloads=4):
        self.site, self.workloads = site, workloads
        self.receipts, self.errors, self.closed = [], [], 0
        self.seconds = []  # from each bundle to its receipt
        self.stop = threading.Event()
        self.enough = threading.Semaphore(0)
        self.got = threading.Condition()
        self.collectors = [site.collector("load") for _ in range(connections)]
        self.counts = [0] * connections  # receipts by connection
        self.threads = [threading.Thread(target=self.run, args=(n, c), daemon=True)
                        for n, c in enumerate(self.collectors)]
        for thread in self.threads:
            thread.start()

    def run(self, number, collector):
        turn = 0
        while not self.stop.is_set():
            turn += 1
            name = f"load-{number}-{turn % self.workloads}"
            began = time.monotonic()
            try:
                receipt = collector.submit(name, EVIL if turn % 7 == 0 else APP)
            except wire.Closed:
                self.closed += 1
                return
            except Exception as error:  # pylint: disable=broad-except
                self.errors.append(repr(error))
                return
            with self.got:
                self.seconds.append(time.monotonic() - began)
                self.receipts.append(receipt)
                self.counts[number] += 1
                self.got.notify_all()
            self.enough.release()

    def wait_for(self, count):
        """So many receipts more than were waited for so far."""
        for _ in range(count):
            assert self.enough.acquire(timeout=hallmark.PATIENCE_S), self.errors

    def wait_for_each(self, count=1):
        """So many receipts more on every connection, from now on; how long the last of them took."""
        began = time.monotonic()
        with self.got:
            wanted = [have + count for have in self.counts]
            done = self.got.wait_for(lambda: all(h >= w for h, w in zip(self.counts, wanted)),
                                     hallmark.PATIENCE_S)
        assert done, (self.counts, wanted, self.closed, self.errors)
        return time.monotonic() - began

    def end(self):
        self.stop.set()
        for thread in self.threads:
            thread.join(hallmark.PATIENCE_S)
        for collector in self.collectors:
            collector.close()
