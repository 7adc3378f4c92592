"""A user who interrupts a fit, in the stage and at the step that a test says."""

from contextlib import contextmanager


class Stopped:
    """A progress that interrupts the stage whose name ends so after so many steps."""

    def __init__(self, stage=None, at=0):
        self.stage_, self.at, self.begun = stage, at, {}

    @contextmanager
    def stage(self, name, total=None):
        done = 0.0

        def tick(amount):
            nonlocal done
            self.begun.setdefault(name, amount)
            done += amount
            if self.stage_ and name.endswith(self.stage_) and done >= self.at:
                raise KeyboardInterrupt

        yield tick
