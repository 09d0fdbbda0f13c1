"""What a policy addon does at the least: one host check, one header, and streams passed on as they come."""

import os

from mitmproxy import http

CREDENTIAL = "Bearer " + os.environ["BENCH_CREDENTIAL"]


class Inject:
    def requestheaders(self, flow: http.HTTPFlow) -> None:
        if not flow.request.pretty_host.endswith(".bench.test"):
            flow.response = http.Response.make(403)
            return
        flow.request.headers["authorization"] = CREDENTIAL

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        if flow.response.headers.get("content-type", "").startswith("text/event-stream"):
            flow.response.stream = True


addons = [Inject()]
