extern const char *const names[];
int session_is_fine(void);
int decide_everything(int now);
