#!/usr/bin/python3
"""The police of a made-up district: hands in the register, orders and tests. Nothing is referred to it yet."""

import exchange

if __name__ == "__main__":
    exchange.main("police")
