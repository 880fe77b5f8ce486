assert server.metric("samvad_turn_total") == 0
