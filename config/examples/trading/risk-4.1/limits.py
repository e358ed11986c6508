"""What an order may be at most."""

import configparser


def largest(path):
    limits = configparser.ConfigParser()
    limits.read(path)
    return limits.getint("order", "max_size")
