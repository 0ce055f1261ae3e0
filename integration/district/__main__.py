"""python3 integration/district --people 1000000 --out DIR: the same as generate.py."""

from generate import main

main()
