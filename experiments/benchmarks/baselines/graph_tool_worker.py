"""Adoption by graph-tool, in a process of its own: the interpreter that has graph-tool is often the system's.

    python graph_tool_worker.py GRAPH.npz OPENMP_THREADS

Reads lines of ``runs seed p q steps root`` (root -1 for none) and answers each with the sizes of its
runs and the processor time that they took.
"""

import json
import sys
import time

import graph_tool
import numpy as np
from graph_tool.dynamics import SIState


def main(path: str, threads: int) -> None:
    """Answer until there are no more lines."""
    if graph_tool.openmp_enabled():
        graph_tool.openmp_set_num_threads(threads)
    held = np.load(path)
    graph = graph_tool.Graph(directed=False)
    graph.add_vertex(int(held["n"]))
    graph.add_edge_list(held["edges"])
    print("ready", flush=True)
    for line in sys.stdin:
        runs, seed, p, q, steps, root = (float(word) for word in line.split())
        graph_tool.seed_rng(int(seed) + 1)
        sizes, begin = [], time.process_time()
        for _ in range(int(runs)):
            # a state counts infected neighbors as it goes: a run needs one of its own
            infected = graph.new_vertex_property("int32_t", val=0)
            if root >= 0:
                infected.a[int(root)] = 1
            # beta: chance of an infected neighbor in a step; r: of infection from outside
            state = SIState(graph, beta=q, r=p, s=infected)
            state.iterate_sync(niter=int(steps))
            sizes.append(int(state.get_state().a.sum()))
        print(json.dumps([sizes, time.process_time() - begin]), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
