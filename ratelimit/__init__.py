"""The token bucket that guards each user and each address, as an extension of the `limits` library.

A map, lower layers first; a module imports only from lower ones. It knows neither `app` nor `jobs`, and no HTTP:

words       bucket (what is asked and answered), notation
policy      policy (who draws from which buckets), document (the limits as people write them), settings,
            anomalies (who asks for far more than he used to)
around it   ledger (what was decided, counted until it is stored), headers
"""
