"""What puts Switchyard on a machine; nothing that it runs on imports from here."""
