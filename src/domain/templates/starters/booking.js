async function handler(request, env) {
  const body = await request.json();
  const ask = body.data_exchange || body;
  const answer = (screen, data) =>
    new Response(JSON.stringify({ version: "3.0", screen, data }), { headers: { "content-type": "application/json" } });
  const days = [
    { id: "2026-06-10", title: "Wednesday 10 June" },
    { id: "2026-06-11", title: "Thursday 11 June" },
  ];
  if (ask.action === "INIT" || ask.action === "BACK") {
    return answer("SELECT_DATE", { days });
  }
  if (ask.screen === "SELECT_DATE") {
    const slots = [{ id: "09:00", title: "9:00" }, { id: "16:30", title: "16:30" }];
    return answer("SELECT_SLOT", { day: ask.data.day, slots });
  }
  return answer("SUCCESS", {
    extension_message_response: {
      params: { flow_token: ask.flow_token, day: ask.data.day, slot: ask.data.slot },
    },
  });
}
