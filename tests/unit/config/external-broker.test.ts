import { describe, expect, it } from 'vitest';
import { externalBrokerSchema } from '../../../src/config/external-broker.ts';

const parsed = (url: string) => externalBrokerSchema.safeParse({ url });

describe('the address of an MQTT broker', () => {
  it.each([
    'mqtt://broker:1883',
    'mqtts://broker.example:8883',
    'mqtt://192.0.2.1:1883',
    'mqtt://[::1]:1883',
    'mqtt://b',
  ])('may be %s', (url) => {
    expect(parsed(url).data?.url).toBe(url);
  });

  it.each([
    'mqtt://ada:secret@broker:1883',
    'mqtt://secret@broker',
    'mqtts://broker:8883?password=secret',
    'mqtt://broker#secret',
    'mqtt://broker/secret',
    'mqtt://broker secret',
    'http://broker:1883',
    'mqtt://',
  ])('is not %s: what it says stands in logs', (url) => {
    const { error } = parsed(url);
    expect(error?.message).toContain('mqtt.external.username and mqtt.external.passwordEnv');
    expect(error?.message).not.toContain('secret');
  });
});
