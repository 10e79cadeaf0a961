"""Adoption as a hand-written AgentPy model: one agent per node, in step with the classic tasks W3 and SI.

Written for speed as far as AgentPy allows: agents keep references to their neighbors, whoever adopts tells them,
so that nobody counts, and only those who have not adopted are asked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def runner(graph: Any, q: float, steps: int) -> Callable[[float, int | None, int], int]:
    """Build the agents and return ``run(p, root, seed)``, which gives the number of adopters at the end.

    Parameters
    ----------
    graph : networkx.Graph
        Who talks to whom; nodes are 0, 1, ...
    q : float
        Chance that one adopted neighbor is followed in a step.
    steps : int
        Steps of a run.
    """
    import agentpy

    class Adopter(agentpy.Agent):
        def setup(self) -> None:
            self.neighbors: list[Adopter] = []
            self.n_adopted, self.adopts = 0, False

        def decide(self) -> None:
            self.adopts = self.model.random.random() < self.model.chance[self.n_adopted]

        def tell(self) -> None:
            for neighbor in self.neighbors:
                neighbor.n_adopted += 1

    class Adoption(agentpy.Model):
        def build(self) -> None:
            network = agentpy.Network(self, graph)
            self.everyone = agentpy.AgentList(self, graph.number_of_nodes(), Adopter)
            network.add_agents(self.everyone, network.nodes)
            for agent in self.everyone:
                agent.neighbors = list(network.neighbors(agent))
            self.most = max(len(agent.neighbors) for agent in self.everyone)

        def setup(self) -> None:
            for agent in self.everyone:
                agent.n_adopted, agent.adopts = 0, False
            self.chance = [1 - (1 - self.p.innovation) * (1 - q) ** k for k in range(self.most + 1)]
            self.waiting = self.everyone
            if self.p.root is not None:
                self.everyone[self.p.root].adopts = True
                self.settle()

        def step(self) -> None:
            self.waiting.decide()
            self.settle()

        def settle(self) -> None:
            agentpy.AgentList(self, [agent for agent in self.waiting if agent.adopts]).tell()
            self.waiting = agentpy.AgentList(self, [agent for agent in self.waiting if not agent.adopts])
            if not self.waiting:
                self.stop()

    model = Adoption()
    model.build()

    def run(p: float, root: int | None, seed: int) -> int:
        model.p.update({"innovation": p, "root": root})
        model._partly_run = False  # so that the seed counts
        model.run(steps=steps, seed=seed, display=False)
        return len(model.everyone) - len(model.waiting)

    return run
