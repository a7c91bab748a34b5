#!/usr/bin/env python3
"""A shop over HTTP whose stock and orders live in SQLite: `server.py DATABASE [PORT]`.

Prints its port when it answers. Plain text in, plain text out:

    PUT    /stock/ITEM     N in the body: there are N of it now
    GET    /stock/ITEM     how many there are
    POST   /orders/ITEM    N in the body: orders so many; 409 when there are fewer
    GET    /orders         how many orders there are
    DELETE /orders/ID      cancels one, which puts its items back
    DELETE /               forgets everything
"""

import sqlite3
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

database, port = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0
lock = threading.Lock()
db = sqlite3.connect(database, check_same_thread=False)
db.executescript(
    """
    create table if not exists stock (item text primary key, count integer not null check (count >= 0));
    create table if not exists orders (id integer primary key, item text not null, count integer not null);
    """
)


class Shop(BaseHTTPRequestHandler):
    def do_GET(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length).decode()
        with lock, db:
            status, text = self.decide(self.command, self.path.strip("/").split("/"), body)
        data = f"{text}\n".encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_PUT = do_POST = do_DELETE = do_GET

    def decide(self, method, path, body):
        match method, path:
            case "PUT", ["stock", item]:
                db.execute("insert or replace into stock values (?, ?)", (item, int(body)))
                return 200, "stored"
            case "GET", ["stock", item]:
                row = db.execute("select count from stock where item = ?", (item,)).fetchone()
                return (200, row[0]) if row else (404, "no such item")
            case "POST", ["orders", item]:
                sql = "update stock set count = count - ? where item = ? and count >= ?"
                if db.execute(sql, (int(body), item, int(body))).rowcount == 0:
                    return 409, "not enough of it"
                sql = "insert into orders (item, count) values (?, ?)"
                return 201, db.execute(sql, (item, int(body))).lastrowid
            case "GET", ["orders"]:
                return 200, db.execute("select count(*) from orders").fetchone()[0]
            case "DELETE", ["orders", number]:
                row = db.execute("select item, count from orders where id = ?", (number,)).fetchone()
                if not row:
                    return 404, "no such order"
                db.execute("delete from orders where id = ?", (number,))
                db.execute("update stock set count = count + ? where item = ?", (row[1], row[0]))
                return 200, "cancelled"
            case "DELETE", [""]:
                db.executescript("delete from orders; delete from stock;")
                return 200, "forgotten"
            case _:
                return 404, "no such thing"

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("", port), Shop)
print(server.server_port, flush=True)
server.serve_forever()
