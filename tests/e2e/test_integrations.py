# SPDX-License-Identifier: Apache-2.0
"""Every integration that speaks HTTP and whose address can be chosen tells of one alert, through the
real HTTP client, to a server that answers as the service does; nothing secret gets into the log."""

import http.server
import json
import threading
import unittest
import urllib.parse

from harness import World, alert, wait_for

CONFIG = """
global: {{wechat_api_url: '{url}/wechat/', opsgenie_api_url: '{url}/opsgenie', jira_api_url: '{url}/jira'}}
route: {{receiver: all, group_by: [alertname], group_wait: 100ms, group_interval: 30s, repeat_interval: 4h}}
receivers:
- name: all
  webhook_configs: [{{url: '{url}/webhook'}}]
  discord_configs: [{{webhook_url: '{url}/discord'}}]
  incidentio_configs: [{{url: '{url}/incidentio', alert_source_token: s3cret}}]
  pagerduty_configs: [{{url: '{url}/pagerduty', routing_key: s3cret}}]
  slack_configs: [{{api_url: '{url}/slack', channel: '#ops', send_resolved: true}}]
  opsgenie_configs: [{{api_key: s3cret}}]
  wechat_configs: [{{api_secret: s3cret, corp_id: corp}}]
  victorops_configs: [{{api_key: s3cret, api_url: '{url}/victorops', routing_key: team}}]
  sns_configs: [{{api_url: '{url}/sns', topic_arn: 'arn:aws:sns:eu-west-1:1:t', sigv4: {{region: eu-west-1, access_key: AKIA, secret_key: s3cret}}}}]
  telegram_configs: [{{api_url: '{url}/telegram', bot_token: s3cret, chat_id: -42}}]
  webex_configs: [{{api_url: '{url}/webex', room_id: room, http_config: {{authorization: {{credentials: s3cret}}}}}}]
  msteams_configs: [{{webhook_url: '{url}/msteams'}}]
  msteamsv2_configs: [{{webhook_url: '{url}/msteamsv2'}}]
  jira_configs: [{{project: OPS, issue_type: Bug, http_config: {{basic_auth: {{username: u, password: s3cret}}}}}}]
  rocketchat_configs: [{{api_url: '{url}/rocketchat', token: s3cret, token_id: id, channel: '#ops'}}]
  mattermost_configs: [{{webhook_url: '{url}/mattermost'}}]
"""

# First part of the path -> what the service answers.
ANSWERS = {
    "slack": "ok",
    "wechat": {"access_token": "t", "errcode": 0},
    "telegram": {"ok": True, "result": {"message_id": 1}},
    "jira": {"issues": [], "key": "OPS-1"},
    "rocketchat": {"success": True},
    "sns": "<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>",
}

# Path -> where the alert's name must stand in the request's JSON (names and places), or None.
WANTED = {
    "/webhook": ("alerts", 0, "labels", "alertname"),
    "/discord": ("embeds", 0, "title"),
    "/incidentio": ("alerts", 0, "labels", "alertname"),
    "/pagerduty": ("payload", "summary"),
    "/slack": ("attachments", 0, "title"),
    "/opsgenie/v2/alerts": ("message",),
    "/wechat/message/send": ("text", "content"),
    "/telegram/bots3cret/sendMessage": ("text",),
    "/webex": ("markdown",),
    "/msteams": ("title",),
    "/msteamsv2": ("attachments", 0, "content", "body", 0, "text"),
    "/jira/issue": ("fields", "summary"),
    "/rocketchat/api/v1/chat.postMessage": ("attachments", 0, "title"),
    "/mattermost": ("attachments", 0, "title"),
    "/victorops/s3cret/team": ("state_message",),
}


class Services:
    """All of them at one address: keeps what it is asked."""

    def __init__(self):
        self.requests = []
        services = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                path = urllib.parse.urlsplit(self.path).path
                services.requests.append((path, dict(self.headers), body))
                answer = ANSWERS.get(path.split("/")[1], {})
                text = answer if isinstance(answer, str) else json.dumps(answer)
                self.send_response(200)
                self.send_header("Content-Type", "text/plain" if isinstance(answer, str) else "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            do_GET = do_PUT = do_POST

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def to(self, path):
        return [r for r in self.requests if r[0] == path]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def dig(value, places):
    for place in places:
        value = value[place]
    return value


class Integrations(unittest.TestCase):
    def test_each_tells(self):
        services = Services()
        self.addCleanup(services.close)
        world = self.enterContext(World())
        am = world.alertmanager("am", CONFIG.format(url=services.url), cluster=False).start()
        am.post_alerts([alert("DiskFull", team="ops")])
        kinds = [line.split("_configs")[0].strip() for line in CONFIG.split("\n") if "_configs" in line]
        self.assertEqual(len(kinds), 16)
        for kind in kinds:
            with self.subTest(kind):
                wait_for(f"{kind} to be delivered", alive=[am], condition=lambda: am.metric(
                    "alertmanager_notification_requests_total", integration=kind) >= 1)
        for path, places in WANTED.items():
            with self.subTest(path):
                wait_for("a request to " + path, lambda: services.to(path), alive=[am])
                (_, _, body), = services.to(path)
                self.assertIn("DiskFull", dig(json.loads(body), places))
        wait_for("a request to /sns/", lambda: services.to("/sns/"), alive=[am])
        (_, headers, body), = services.to("/sns/")
        self.assertIn("DiskFull", urllib.parse.parse_qs(body.decode())["Message"][0])
        self.assertTrue(headers["Authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIA/"))
        self.assertEqual(am.metric("alertmanager_notifications_failed_total"), 0)
        am.stop()
        self.assertNotIn("s3cret", am.log())


if __name__ == "__main__":
    unittest.main()
