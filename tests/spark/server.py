"""A Spark Connect server without a JVM, in a process of its own; its first line says where."""

import sys

from pysail.spark import SparkConnectServer

if __name__ == "__main__":
    server = SparkConnectServer()
    server.start(background=True)
    sys.stdout.write(f"sc://localhost:{server.listening_address[1]}\n")
    sys.stdout.flush()
    sys.stdin.read()
    server.stop()
