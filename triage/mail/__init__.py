"""Bytes to `Message`: headers, visible text, links, quoted text, who vouches for the sender.

Pure: no socket, clock, disk or log. Reads any bytes; what is broken is mended or left out.
"""
