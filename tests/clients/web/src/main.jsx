import { ClerkProvider, SignIn, useAuth, useUser } from '@clerk/react';
import { useState } from 'react';
import { createRoot } from 'react-dom/client';

// What a front end gets from `clerk-local --env`.
const {
  VITE_CLERK_PUBLISHABLE_KEY: publishableKey,
  VITE_CLERK_PROXY_URL: proxyUrl,
  VITE_CLERK_JS_URL: clerkJs,
  VITE_CLERK_UI_URL: clerkUi,
} = import.meta.env;

function Api() {
  const { getToken } = useAuth();
  const [answer, setAnswer] = useState('');
  const ask = async () => {
    const token = await getToken();
    const headers = token ? { authorization: `Bearer ${token}` } : {};
    const response = await fetch('/api/me', { headers });
    setAnswer(`${response.status} ${await response.text()}`);
  };
  return (
    <p>
      <button onClick={ask}>Ask the API</button> <output>{answer}</output>
    </p>
  );
}

function Page() {
  const { isLoaded, isSignedIn, signOut } = useAuth();
  const { user } = useUser();
  if (!isLoaded) return <p>Loading</p>;
  return (
    <>
      {isSignedIn ? <h1>Hello {user?.fullName}</h1> : <SignIn routing="hash" />}
      {isSignedIn && <button onClick={() => signOut()}>Leave</button>}
      <Api />
    </>
  );
}

createRoot(document.getElementById('root')).render(
  <ClerkProvider
    publishableKey={publishableKey}
    proxyUrl={proxyUrl}
    telemetry={false}
    __internal_clerkJSUrl={clerkJs}
    __internal_clerkUIUrl={clerkUi}
  >
    <Page />
  </ClerkProvider>,
);
