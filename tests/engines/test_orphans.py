import subprocess
import sys

import psutil

PROGRAM = """
import multiprocessing, os, signal, sys, time
from vecbench.engines.vllm_processes import Watchdog, engine_processes

if __name__ == "__main__":
    began = time.time()
    elder = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(600,))
    elder.start()
    time.sleep(0.3)
    watchdog = Watchdog()
    since = watchdog.born
    child = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(600,))
    child.start()
    while len(engine_processes(os.getpid(), since)) < 1:
        time.sleep(0.01)
    said = open(sys.argv[2], "w", buffering=1)
    print(elder.pid, child.pid, watchdog._process.pid, file=said)
    if sys.argv[1] == "close":
        watchdog.close()
        watchdog.close()
        child.join()
        print(elder.is_alive(), file=said)
        elder.kill()
    else:
        time.sleep(3)
        os.kill(os.getpid(), signal.SIGKILL)
"""


def run(folder, how):
    program = folder / "program.py"
    program.write_text(PROGRAM)
    said = folder / "said"
    subprocess.run([sys.executable, program, how, said], check=False, timeout=60)
    first, *rest = said.read_text().splitlines()
    return [int(pid) for pid in first.split()], rest


def end(pid):
    try:
        psutil.Process(pid).wait(20)
    except psutil.NoSuchProcess:
        return


def test_a_killed_parent_takes_its_engine_processes_with_it(tmp_path):
    (elder, child, watchdog), _ = run(tmp_path, "kill")
    try:
        end(child)
        end(watchdog)
        assert psutil.pid_exists(elder)  # older than the engine, and so none of its own
    finally:
        psutil.Process(elder).kill()


def test_closing_ends_engine_processes_and_no_others(tmp_path):
    _, said = run(tmp_path, "close")
    assert said == ["True"]
