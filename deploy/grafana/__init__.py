"""Grafana's dashboards, made from plain data: `python -m deploy.grafana` writes them anew. Standard library only.

    boards      what each dashboard shows: questions to Prometheus with a title, a unit and a legend
    panel       the words of these: dashboard, panel, query
    render      a dashboard as Grafana's JSON
    __main__    the command, which writes `dashboards/*.json`

Grafana reads the files and where they are from by `provisioning/`.
"""
