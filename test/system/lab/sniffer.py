"""Writes a line for each IPv4 packet that comes in on an interface: protocol, client port, IP id, payload bytes, TCP
flags, TCP sequence number. Python because Node has no packet sockets. Usage: sniffer.py INTERFACE FILE; prints `ready`,
and on SIGTERM reads what has arrived before it ends.

A port is 0 where the packet has none (other protocols, later fragments)."""
import select
import signal
import socket
import struct
import sys

interface, path = sys.argv[1:]
OUTGOING = 4

capture = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
capture.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024 * 1024)
capture.bind((interface, 0))
capture.setblocking(False)
wake_read, wake_write = socket.socketpair()
wake_write.setblocking(False)
signal.set_wakeup_fd(wake_write.fileno())
signal.signal(signal.SIGTERM, lambda *_: None)


def line(frame):
    ip = frame[14:]
    header = (ip[0] & 15) * 4
    length, ident, fragment = struct.unpack('!HHH', ip[2:8])
    payload = ip[header:length]
    whole = fragment & 0x3FFF == 0
    port = size = flags = sequence = 0
    size = len(payload)
    if ip[9] == 6 and whole and size >= 20:
        port, _, sequence = struct.unpack('!HHI', payload[:8])
        flags = payload[13]
        size -= (payload[12] >> 4) * 4
    elif ip[9] == 17 and whole:
        port = struct.unpack('!H', payload[:2])[0]
        size -= 8
    return f'{ip[9]} {port} {ident} {size} {flags} {sequence}\n'


with open(path, 'w', encoding='ascii') as out:
    print('ready', flush=True)
    ended = False
    while not ended:
        ready, _, _ = select.select([capture, wake_read], [], [])
        ended = wake_read in ready
        while True:
            try:
                frame, address = capture.recvfrom(65535)
            except BlockingIOError:
                break
            if address[2] != OUTGOING:
                out.write(line(frame))
