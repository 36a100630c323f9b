"""The demo: believable customers, a local Salesforce, two runs and what they leave behind."""
