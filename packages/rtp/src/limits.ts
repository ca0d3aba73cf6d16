/** Longest datagram that is taken, octets: an Ethernet frame with room to spare. Longer ones are thrown away and counted. */
export const MAX_DATAGRAM = 2048;
/** Packets in one batch. */
export const BATCH_PACKETS = 256;
/** Packets that may wait to be sent before they are flushed by force. */
export const SEND_QUEUE_PACKETS = 512;
/** Datagrams that one recvmmsg takes from one socket. */
export const RECEIVE_BURST = 32;
/** Ready sockets that one epoll_wait reports. */
export const EPOLL_EVENTS = 256;
/** Sockets of one PacketIO. */
export const MAX_SOCKETS = 65_536;
/** How long the batched loop may keep the event loop waiting, ms. */
export const YIELD_MS = 10;
/** How often sockets in poll mode are read, ms. */
export const POLL_MS = 200;
/** How long a released port pair rests, ms. */
export const PORT_REST_MS = 2000;
/** SSRCs with one key of which a receiver remembers what was received; the one that has been known longest makes room. */
export const MAX_SRTP_SOURCES = 64;
