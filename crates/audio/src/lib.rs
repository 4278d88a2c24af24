//! Codecs, WAV, tones, DTMF and text to speech; knows nothing of calls.
