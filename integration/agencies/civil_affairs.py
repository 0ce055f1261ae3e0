#!/usr/bin/python3
"""Civil affairs of a made-up district: hands in the households on urban and rural relief. Nothing is referred to it yet."""

import exchange

if __name__ == "__main__":
    exchange.main("civil_affairs")
