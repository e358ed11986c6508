"""What an order may be at most."""

import configparser


def largest(path):
    limits = configparser.ConfigParser()
    limits.read(path)
    return min(limits.getint("order", "max_size"), 1000)
