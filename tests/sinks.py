"""The other side of messages: a mail server and a web service of a few lines, with the bad manners that real ones have.

Both listen on a port of their own in a thread. What they took stands in `taken`; `moods` says how they behave, one for
each visit, the last one for all that follow.
"""

import contextlib
import socket
import threading
import time


class Sink:
    """A server on a port of this machine; `port` may be one that was free a moment ago."""

    def __init__(self, *moods, port=0, slow=0.4):
        self.moods, self.slow, self.taken, self.visits = list(moods) or ["ok"], slow, [], 0
        self.lock = threading.Lock()
        self.socket = socket.create_server(("127.0.0.1", port))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.socket.accept()
                with self.lock:
                    mood = self.moods[min(self.visits, len(self.moods) - 1)]
                    self.visits += 1
                threading.Thread(target=self._guest, args=(connection, mood), daemon=True).start()

    def _guest(self, connection, mood):
        connection.settimeout(10)
        with contextlib.suppress(OSError), connection, connection.makefile("rwb") as stream:
            self.talk(stream, mood)

    def take(self, thing):
        """Keep what was taken."""
        with self.lock:
            self.taken.append(thing)


def free_port():
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


class MailSink(Sink):
    """SMTP. Moods: ok, busy (421 at once), unknown (550), slow, twice (two answers), leaves (250, then gone), dumb (takes
    the letter and is gone without a word)."""

    def talk(self, stream, mood):
        def say(words):
            stream.write(f"{words}\r\n".encode())
            stream.flush()

        if mood == "busy":
            say("421 try later")
            return
        say("220 sink")
        while line := stream.readline():
            word = line[:4].upper()
            if word in (b"EHLO", b"HELO", b"MAIL", b"RSET", b"NOOP"):
                say("250 ok")
            elif word == b"RCPT":
                say("550 no such mailbox" if mood == "unknown" else "250 ok")
            elif word == b"DATA":
                say("354 go on")
                letter = b"".join(iter(stream.readline, b".\r\n"))
                self.take(letter.replace(b"\n..", b"\n."))
                if mood == "dumb":
                    return
                if mood == "slow":
                    time.sleep(self.slow)
                say("250 taken")
                if mood == "twice":
                    say("250 taken")
                if mood == "leaves":
                    return
            elif word == b"QUIT":
                say("221 bye")
                return


class WebSink(Sink):
    """HTTP. Moods: ok, broken (500), gone (410), inside (redirect to an inner address), slow, twice, dumb, leaves (200 and
    gone before the body it promised), drips (a byte of the answer at a time, without an end)."""

    ANSWERS = {
        "broken": "500 Internal Server Error", "gone": "410 Gone",
        "inside": "302 Found\r\nLocation: http://169.254.169.254/latest/",
    }

    def talk(self, stream, mood):
        stream.readline()
        headers = {}
        while (line := stream.readline().strip()):
            name, _, value = line.decode().partition(": ")
            headers[name] = value
        body = stream.read(int(headers.get("Content-Length", 0)))
        if mood == "broken":
            pass
        elif mood != "inside":
            self.take((headers, body.decode()))
        if mood == "dumb":
            return
        if mood == "slow":
            time.sleep(self.slow)
        if mood == "drips":
            for letter in "HTTP/1.1 200 OK\r\nX-Slow: " + "a" * 50:
                stream.write(letter.encode())
                stream.flush()
                time.sleep(0.25)
            return
        length = 9 if mood == "leaves" else 0
        answer = f"HTTP/1.1 {self.ANSWERS.get(mood, '200 OK')}\r\nContent-Length: {length}\r\n\r\n".encode()
        stream.write(answer * (2 if mood == "twice" else 1))
        stream.flush()
