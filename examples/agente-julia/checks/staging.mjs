// Plays one message to Julia in staging, from the webhook to the answer. It ends with 0 if she has answered it once; it knows no production.
const url = process.env.STAGING_URL;
const id = `staging-${process.pid}-${Date.now()}`;

const sent = await fetch(`${url}/webhook/evolution`, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ event: 'messages.upsert', data: { key: { id }, from: 'numero-de-teste', text: id } }),
});
if (sent.status !== 202) throw new Error(`the webhook answered ${sent.status}`);

let answered = 0;
for (let tries = 0; tries < 50 && answered === 0; tries += 1) {
  await new Promise((resolve) => setTimeout(resolve, 100));
  ({ answered } = await (await fetch(`${url}/conversations?from=numero-de-teste&text=${id}`)).json());
}
if (answered !== 1) throw new Error(`answered ${answered} times`);
const health = await fetch(`${url}/health/deep`);
if (health.status !== 200) throw new Error(`/health/deep answers ${health.status}`);
