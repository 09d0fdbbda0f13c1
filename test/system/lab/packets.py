"""Sends packets that no socket would send. Python because Node has no raw sockets.
Usage: packets.py WHAT SOURCE DESTINATION PORT HELLO. PORT is the client port, and the IP id of every packet, by which
the sniffer knows them; HELLO is a ClientHello in hex."""
import socket
import struct
import sys

what, source, destination, port_text, hello_hex = sys.argv[1:]
port = int(port_text)
hello = bytes.fromhex(hello_hex)
addresses = socket.inet_aton(source) + socket.inet_aton(destination)
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)

SYN, PSH_ACK = 0x02, 0x18


def checksum(data):
    data += b'\0' * (len(data) % 2)
    total = sum(struct.unpack(f'!{len(data) // 2}H', data))
    while total >> 16:
        total = (total >> 16) + (total & 0xFFFF)
    return ~total & 0xFFFF


def tcp(flags, data, sequence=1000):
    acknowledged = 0 if flags == SYN else 5000
    head = struct.pack('!HHIIBBHHH', port, 443, sequence, acknowledged, 5 << 4, flags, 64000, 0, 0)
    pseudo = addresses + struct.pack('!BBH', 0, socket.IPPROTO_TCP, len(head) + len(data))
    return head[:16] + struct.pack('!H', checksum(pseudo + head + data)) + head[18:] + data


def send(protocol, payload, offset=0, more=False):
    flags = (0x2000 if more else 0) | offset // 8
    head = struct.pack('!BBHHHBBH', 0x45, 0, 20 + len(payload), port, flags, 64, protocol, 0)
    raw.sendto(head + addresses + payload, (destination, 0))


if what == 'data-in-syn':
    send(6, tcp(SYN, b'S' * 300))
elif what == 'data-without-handshake':
    send(6, tcp(PSH_ACK, b'N' * 300))
elif what == 'hello-without-handshake':
    send(6, tcp(PSH_ACK, hello))
    send(6, tcp(PSH_ACK, b'N' * 300, 1000 + len(hello)))
elif what == 'tcp-in-fragments':
    packet = tcp(PSH_ACK, b'F' * 300)
    send(6, packet[:160], more=True)
    send(6, packet[160:], offset=160)
elif what == 'first-tcp-fragment':
    send(6, tcp(PSH_ACK, b'F' * 300)[:160], more=True)
elif what == 'udp-in-fragments':
    # A checksum of 0 means there is none.
    packet = struct.pack('!HHHH', port, 443, 8 + 3000, 0) + b'U' * 3000
    send(17, packet[:1400], more=True)
    send(17, packet[1400:2800], offset=1400, more=True)
    send(17, packet[2800:], offset=2800)
elif what == 'icmp':
    echo_request = struct.pack('!BBHHH', 8, 0, 0, 1, 1) + b'I' * 200
    send(1, echo_request[:2] + struct.pack('!H', checksum(echo_request)) + echo_request[4:])
elif what.startswith('protocol-'):
    send(int(what.removeprefix('protocol-')), b'P' * 200)
else:
    sys.exit(f'unknown packets: {what}')
